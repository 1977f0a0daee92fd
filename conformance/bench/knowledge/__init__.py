"""How well documents are found and cited: sets of questions, metrics, runs, goals."""
