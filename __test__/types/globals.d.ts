// Visible to every caller in these folders.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only as `same<A, B>(true)` when the two are one type, and as `same<A, B>(false)` when they are not. */
declare function same<A, B>(answer: Same<A, B>): void
