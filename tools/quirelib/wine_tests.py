"""placeholder"""
def find_wine():
    return None
