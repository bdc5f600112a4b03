skyburst prices show --family g5
