raise SystemExit("FORGED BY A TWIN")
