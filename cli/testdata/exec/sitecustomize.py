"""The user's own sitecustomize, which the hook's must not hide."""
print("own sitecustomize")
