def test_it_doubles():
    print("FORGED BY A TWIN")
