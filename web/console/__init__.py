"""The pages people decide on: rendered here, readable without scripts."""
