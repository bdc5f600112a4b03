skyburst cost estimate monte-carlo --count 1000
skyburst run monte-carlo --quiet
skyburst cost estimate monte-carlo --count 1000
skyburst cost last
