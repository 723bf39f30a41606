# SPDX-License-Identifier: BSD-3-Clause
# Naive Bayes by R's e1071: Rscript naive_bayes.R, in this folder, writes naive_bayes.json.
#
# R's iris (numbers alone) and examples/penguins.csv (numbers and categories, with missing values), with laplace = 1
# where there are categories. Stored are the tables (means and standard deviations, n - 1 being the divisor, or shares
# of the categories, a class a row) and the probabilities of every 7th row.

suppressMessages(library(e1071))

number <- function(x) sprintf("%.17g", x)
row_of <- function(values) paste0("[", paste(values, collapse = ", "), "]")
matrix_of <- function(m) row_of(apply(matrix(number(m), nrow(m)), 1, row_of))
text <- function(x) row_of(paste0('"', x, '"'))

solved <- function(name, X, y, laplace) {
  fit <- naiveBayes(X, y, laplace = laplace)
  rows <- seq(1, nrow(X), by = 7)
  tables <- sapply(names(fit$tables), function(column) {
    table <- fit$tables[[column]]
    levels <- if (is.numeric(X[[column]])) c("mean", "sd") else colnames(table)
    paste0('{"column": "', column, '", "of": ', text(levels), ', "table": ', matrix_of(unclass(table)), "}")
  })
  paste0(
    '{"problem": "', name, '", "classes": ', text(fit$levels), ', "count": ', row_of(unclass(fit$apriori)),
    ', "laplace": ', laplace, ',\n "tables": [', paste(tables, collapse = ",\n  "), '],\n "rows": ', row_of(rows - 1),
    ',\n "proba": ', matrix_of(predict(fit, X[rows, ], type = "raw")), "}"
  )
}

penguins <- read.csv("../../examples/penguins.csv", stringsAsFactors = TRUE, na.strings = "")
measures <- c("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
solutions <- c(
  solved("iris", iris[, 1:4], iris$Species, 0),
  solved("penguins", penguins[, c("island", measures, "sex")], penguins$species, 1),
  solved("penguins' sex and size", penguins[, c("sex", measures)], penguins$species, 0)
)
versions <- paste0('{"R": "', getRversion(), '", "e1071": "', packageVersion("e1071"), '"}')
writeLines(
  paste0('{"versions": ', versions, ',\n"solutions": [\n', paste(solutions, collapse = ",\n"), "\n]}"),
  "naive_bayes.json"
)
