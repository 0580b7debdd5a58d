import sys

wire = sys.modules["inner.wire"]
frame = sys._getframe()
while frame.f_code.co_name != "_answer_requests":
    frame = frame.f_back
wire.send(frame.f_locals["connection"], frame.f_locals["number"] + wire.pack({"too_much": "FORGED"}))
