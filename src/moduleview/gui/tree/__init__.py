"""The module tree: a table view with its own cells, header, breadcrumbs and filter field."""
