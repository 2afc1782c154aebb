"""What is raised inside the training thread when it must end and does not come to a safe point."""


class TrainingInterrupted(BaseException):  # noqa: N818 - not an error: like KeyboardInterrupt, it asks to leave
    """Asked for from outside, between two bytecodes of the user's code. Not an Exception, so that ``except Exception`` lets it pass."""
