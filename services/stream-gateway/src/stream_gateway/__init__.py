"""stream-gateway: fans every transition out to browsers and phones as Server-Sent Events."""
