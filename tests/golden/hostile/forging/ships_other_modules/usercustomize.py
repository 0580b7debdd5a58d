print("FORGED BY A TWIN")
