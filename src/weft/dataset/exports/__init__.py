"""A version in the formats of other tools, with what each of them can hold of marks, doubts and origins."""
