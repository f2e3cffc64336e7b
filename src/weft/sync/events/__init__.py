"""Events that two clocks both saw: claps, lights, pulses, markers, blinks; and where two devices saw an eye turn."""
