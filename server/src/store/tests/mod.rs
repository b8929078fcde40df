mod conformance;
mod disk;
mod opening;
mod power_cuts;
