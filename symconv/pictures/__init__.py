"""Pictures as format-free data: what stands where, in which colour. `render/` draws them.

`window` builds the window on the padded input, `matrix` the weight matrix; `compose` puts the two
together, for one output or for all of them in turn.
"""
