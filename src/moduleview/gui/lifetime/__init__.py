"""How the program ends: closing while it trains, signals, crashes."""
