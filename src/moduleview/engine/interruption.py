"""What is raised inside the training thread when it must end and does not come to a safe point."""


class TrainingInterrupted(BaseException):
    """Asked for from outside. Not an Exception, as KeyboardInterrupt is none: ``except Exception`` lets it pass."""
