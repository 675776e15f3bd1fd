"""How does a person start it?"""
