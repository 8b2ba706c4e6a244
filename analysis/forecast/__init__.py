"""Forecasts of daily prices and of their volatility, judged by walk-forward evaluation; no lake is needed."""
