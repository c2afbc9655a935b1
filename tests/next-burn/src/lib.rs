//! Nothing but tests: burn-suite's reproductions on the next Burn. `cargo xtask next-burn` builds and runs them, and says
//! of each entry of the ledger whether it is mended.
