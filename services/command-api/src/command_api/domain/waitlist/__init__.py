"""Those who wait, and how what becomes free goes to them."""
