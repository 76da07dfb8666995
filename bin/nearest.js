'use strict'

/** The known word that a mistyped word was probably meant to be, if any. */
function nearest(word, known, most = (length) => Math.min(2, Math.floor(length / 3))) {
  const measured = known.map((name) => [distance(word.toLowerCase(), name.toLowerCase()), name])
  const near = measured.filter(([far, name]) => far <= most(name.length))
  return near.sort(([one], [other]) => one - other)[0]?.[1]
}

/** Number of letters that are added, left out or exchanged. */
function distance(word, known) {
  let row = Array.from({ length: known.length + 1 }, (_, index) => index)
  for (let i = 1; i <= word.length; i++) {
    const next = [i]
    for (let j = 1; j <= known.length; j++) {
      const exchange = row[j - 1] + (word[i - 1] === known[j - 1] ? 0 : 1)
      next[j] = Math.min(exchange, row[j] + 1, next[j - 1] + 1)
    }
    row = next
  }
  return row[known.length]
}

module.exports = { nearest }
