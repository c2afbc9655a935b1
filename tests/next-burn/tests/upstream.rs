//! burn-suite's reproductions, as build.rs lays them out.

include!(concat!(env!("OUT_DIR"), "/main.rs"));
