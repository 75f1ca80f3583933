"""Figures from records and the arrays beside them."""
