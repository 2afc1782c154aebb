"""What a person can do, as one table of data; menus and the command palette are made from it."""
