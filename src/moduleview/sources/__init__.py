"""Where records come from: this process, another one, or a file. The viewing side cannot tell which."""
