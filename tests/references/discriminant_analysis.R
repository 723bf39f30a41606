# SPDX-License-Identifier: BSD-3-Clause
# Discriminant analysis by R's MASS: Rscript discriminant_analysis.R FOLDER, which discriminant_analysis.py runs.
#
# FOLDER/NAME.csv has the columns label (0, 1, ...), prior (that of the row's label, or NA to estimate it), count (how
# often the row is repeated), and then those of X. Written are FOLDER/NAME-KIND-METHOD.txt: the posterior of every row;
# of lda with method "moment", whose divisor is the rows less the classes, FOLDER/NAME-scaling.txt too; and the version.

suppressMessages(library(MASS))
folder <- commandArgs(trailingOnly = TRUE)[1]

write <- function(rows, name) {
  digits <- matrix(sprintf("%.17g", rows), nrow(rows))
  write.table(digits, file.path(folder, name), quote = FALSE, row.names = FALSE, col.names = FALSE)
}

for (file in list.files(folder, "\\.csv$")) {
  name <- sub("\\.csv$", "", file)
  data <- read.csv(file.path(folder, file))
  X <- as.matrix(data[, -(1:3)])
  rows <- rep(seq_len(nrow(X)), data$count)
  groups <- factor(data$label[rows])
  prior <- tapply(data$prior, data$label, head, 1)
  if (any(is.na(prior))) prior <- as.numeric(table(groups)) / length(groups)
  for (method in c("moment", "mle")) {
    for (kind in c("lda", "qda")) {
      fit <- if (kind == "lda") lda else qda
      model <- fit(X[rows, ], groups, prior = as.numeric(prior), method = method, tol = 1e-8)
      write(predict(model, X, method = "plug-in")$posterior, paste(name, kind, paste0(method, ".txt"), sep = "-"))
      if (kind == "lda" && method == "moment") write(model$scaling, paste0(name, "-scaling.txt"))
    }
  }
}
writeLines(c(as.character(getRversion()), as.character(packageVersion("MASS"))), file.path(folder, "versions.txt"))
