"""Work per chip and second: measured where there is a result, estimated from the chip's figures elsewhere."""
