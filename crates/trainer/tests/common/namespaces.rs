//! Two machines, as far as the network is concerned: two network namespaces, joined by a pair of virtual devices.

use std::process::Command;

/// The addresses of the two, and those that both have.
pub(crate) const ADDRESSES: [&str; 2] = ["10.91.0.1", "10.91.0.2"];
pub(crate) const SUBNET: &str = "10.91.0.0/24";

/// Two namespaces, named after this process; gone when this is dropped.
pub(crate) struct Namespaces {
    pub(crate) names: [String; 2],
}

fn ip(arguments: &str) -> bool {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    status.is_ok_and(|status| status.success())
}

impl Namespaces {
    /// `None`, with a line that says so, where they cannot be made: that takes a privileged user.
    ///
    /// # Panics
    ///
    /// If they cannot be made, and the environment variable `REQUIRE_NAMESPACES` is set.
    pub(crate) fn new() -> Option<Self> {
        let made = Self::make();
        if made.is_none() {
            let required = std::env::var_os("REQUIRE_NAMESPACES").is_some();
            assert!(!required, "network namespaces cannot be made");
            eprintln!("not run: this user may not make network namespaces");
        }
        made
    }

    fn make() -> Option<Self> {
        let names = ["a", "b"].map(|side| format!("trainer-{}-{side}", std::process::id()));
        let made = names.iter().all(|name| ip(&format!("netns add {name}")));
        let this = made.then_some(Self { names })?;
        let [a, b] = &this.names;
        let [at_a, at_b] = ADDRESSES;
        for command in [
            format!("link add veth-a netns {a} type veth peer name veth-b netns {b}"),
            format!("-n {a} addr add {at_a}/24 dev veth-a"),
            format!("-n {b} addr add {at_b}/24 dev veth-b"),
            format!("-n {a} link set lo up"),
            format!("-n {b} link set lo up"),
            format!("-n {a} link set veth-a up"),
            format!("-n {b} link set veth-b up"),
        ] {
            assert!(ip(&command), "ip {command}");
        }
        Some(this)
    }

    /// Cuts the link between the two.
    pub(crate) fn cut(&self) {
        self.set_link("down");
    }

    /// Joins the two again.
    pub(crate) fn mend(&self) {
        self.set_link("up");
    }

    fn set_link(&self, state: &str) {
        assert!(ip(&format!("-n {} link set veth-a {state}", self.names[0])));
    }

    /// The same command in one of the two. What it reads and where it prints is to be set again.
    pub(crate) fn inside(&self, side: usize, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        let variables = command.get_envs();
        inside
            .args(["netns", "exec", &self.names[side]])
            .arg(command.get_program())
            .args(command.get_args())
            .envs(variables.filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}
