# SPDX-License-Identifier: BSD-3-Clause
# Softmax regression by R's peers: Rscript peers.R FOLDER, which make.py runs.
#
# FOLDER/problems.csv has the columns name and C, and FOLDER/NAME.csv label (0, 1, ...), weight, and then those of X.
# Written are FOLDER/NAME-PEER.txt, one row a class: intercept, coefficients; and the versions. With a penalty the
# peer is glmnet, without one VGAM's vglm. The solution is meant to minimise
#   sum(weight * loss) / sum(weight) + lambda / 2 * sum(coef^2), lambda = 1 / (C * sum(weight)).

suppressMessages({
  library(glmnet)
  library(VGAM)
})
folder <- commandArgs(trailingOnly = TRUE)[1]

# Nothing may end the path of penalties early, nor hold probabilities off 0 and 1.
glmnet.control(fdev = 0, devmax = 1, pmin = 1e-300, exmx = 700, mxit = 1000)

ridge <- function(X, labels, weight, C) {
  two <- max(labels) == 1
  # lambda is the last of a falling sequence, as glmnet starts each solution from the one before. Its multinomial family
  # goes round in circles on two classes of breast cancer's columns; its binomial one has one score, b, where two
  # classes have -b/2 and b/2, so half of our penalty.
  lambda <- 1 / (C * sum(weight)) * 10^seq(4, 0, by = -0.5) / (if (two) 2 else 1)
  fit <- glmnet(X, factor(labels),
    family = if (two) "binomial" else "multinomial", type.multinomial = "ungrouped", alpha = 0, lambda = lambda,
    weights = weight, standardize = FALSE, intercept = TRUE, thresh = 1e-20, maxit = 1e7
  )
  stopifnot(fit$jerr == 0, length(fit$lambda) == length(lambda))
  last <- function(path) as.matrix(path)[, length(lambda)]
  if (two) rbind(-last(coef(fit)) / 2, last(coef(fit)) / 2) else t(sapply(coef(fit), last))
}

likelihood <- function(X, labels, weight) {
  # In units of the columns' spread, which change the likelihood's maximum by nothing but rounding. The last class is
  # the baseline.
  centre <- colMeans(X)
  spread <- apply(X, 2, sd)
  standard <- scale(X, centre, spread)
  fit <- vglm(factor(labels) ~ standard, multinomial,
    weights = weight, control = vglm.control(epsilon = 1e-14, maxit = 100, criterion = "coefficients")
  )
  rows <- rbind(t(coef(fit, matrix.out = TRUE)), 0)
  rows[, -1] <- sweep(rows[, -1], 2, spread, "/")
  rows[, 1] <- rows[, 1] - rows[, -1] %*% centre
  rows
}

problems <- read.csv(file.path(folder, "problems.csv"))
for (i in seq_len(nrow(problems))) {
  name <- problems$name[i]
  data <- read.csv(file.path(folder, paste0(name, ".csv")))
  X <- as.matrix(data[, -(1:2)])
  penalised <- is.finite(problems$C[i])
  rows <- if (penalised) ridge(X, data$label, data$weight, problems$C[i]) else likelihood(X, data$label, data$weight)
  digits <- matrix(sprintf("%.17g", rows), nrow(rows))
  file <- file.path(folder, paste0(name, if (penalised) "-glmnet.txt" else "-VGAM.txt"))
  write.table(digits, file, quote = FALSE, row.names = FALSE, col.names = FALSE)
}
versions <- c(as.character(getRversion()), as.character(packageVersion("glmnet")), as.character(packageVersion("VGAM")))
writeLines(versions, file.path(folder, "versions.txt"))
