package codec

// layout is where in linear memory a worker puts its input and finds its output.
type layout struct {
	input, output, extents uint32 // addresses
	extentCap              int    // number of extents that fit
}
