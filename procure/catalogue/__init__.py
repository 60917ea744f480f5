"""Price lists and chip figures: tables of rows with a source, and the choice of offers from them."""
