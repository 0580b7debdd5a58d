raise SystemExit('not the real torch')
