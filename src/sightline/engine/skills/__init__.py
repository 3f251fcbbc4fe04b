"""What the robot can do beyond picking and placing: stack, open and close a drawer, press a button."""
