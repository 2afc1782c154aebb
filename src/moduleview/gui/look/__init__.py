"""How everything looks: colours, fonts, numbers, icons, style."""
