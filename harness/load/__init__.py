"""One Locust process for a whole run: the harness's end of it, and Locust's end."""
