"""The parts of the tensor lab's panel: frozen copies, a pipeline of operations, and views of what it gives."""
