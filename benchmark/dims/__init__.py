"""How many dimensions somebody's data have: voices are asked, and what they say is weighed."""
