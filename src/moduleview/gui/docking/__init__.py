"""Where panels stand: docks, their titles and tabs, the layout that is kept."""
