"""What has the operator set?"""
