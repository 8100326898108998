"""An executable model of the rules in `edge/coherence.py`; `python -m edge.model` explores it."""
