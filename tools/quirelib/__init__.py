"""The parts of tools/quire. Python 3.8 or later, standard library only."""
