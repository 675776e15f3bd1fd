"""What can be done to the world?"""
