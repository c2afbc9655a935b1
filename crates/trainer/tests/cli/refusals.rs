//! Invalid options and data: exit code 2, one message with the remedy, and no run folder.

use std::fs;

use crate::common::{Finished, SMALL, Workplace};

/// Refused with a message that names every one of `naming`, and without a run folder.
#[track_caller]
fn assert_refused(workplace: &Workplace, finished: &Finished, naming: &[&str]) {
    finished.assert_refused(naming);
    assert!(!workplace.path("runs").exists(), "a run folder was made");
}

/// As one of four processes, the program would train the run four times.
#[cfg(not(feature = "mpi"))]
#[test]
fn one_of_several_processes_is_refused_if_it_cannot_share_the_run() {
    let workplace = Workplace::new();
    for (arguments, remedy) in [
        ("--data-dir data", "start it alone"),
        ("sweep --vary epochs=1,2 --data-dir data", "start it alone"),
        ("inspect data", "only train and sweep share their work"),
    ] {
        let of_rank = |rank| {
            let mut command = workplace.command(arguments);
            command
                .env("OMPI_COMM_WORLD_SIZE", "4")
                .env("OMPI_COMM_WORLD_RANK", rank);
            Finished::from(command.output().expect("the program starts"))
        };
        let naming = ["mpirun started 4 processes", remedy];
        assert_refused(&workplace, &of_rank("0"), &naming);
        // Nobody has ended it, so it speaks as well.
        assert_refused(&workplace, &of_rank("3"), &["rank 3", remedy]);
    }
    for arguments in ["bench --ranks 2", "--average-every 3 --data-dir data"] {
        let finished = workplace.run(arguments);
        assert_refused(&workplace, &finished, &["--features mpi"]);
    }
}

/// The feature is off by default, and its options are there to be refused with the remedy.
#[cfg(not(feature = "remote"))]
#[test]
fn another_machine_s_backend_is_refused_if_it_is_not_compiled_in() {
    let workplace = Workplace::new();
    for arguments in [
        "--backend remote --url ws://127.0.0.1:1 --token-file token --data-dir data",
        "worker --token-file token",
    ] {
        let finished = workplace.run(arguments);
        assert_refused(&workplace, &finished, &["--features remote"]);
    }
    let finished = workplace.run("--url ws://127.0.0.1:1 --backend flex --data-dir data");
    assert_refused(&workplace, &finished, &["--url", "--backend remote"]);
}

#[test]
fn values_out_of_range_are_refused_by_the_option_s_name() {
    let workplace = Workplace::new();
    for (option, values) in [
        ("--batch-size", &["0", "1.5", "x"][..]),
        ("--epochs", &["0"]),
        ("--log-every", &["0"]),
        ("--learning-rate", &["NaN", "inf", "-1", "0"]),
        ("--weight-decay", &["nan", "-0.1"]),
        ("--dropout", &["1", "-0.1", "nan", "x"]),
        ("--dropout-input", &["1", "-0.1", "nan", "x"]),
        ("--ridge", &["nan", "inf", "-1", "x"]),
        ("--hidden", &["", "0", "8,0", "8,,8", "-3"]),
        ("--seed", &["-1", "0.5"]),
        ("--warm-up", &["-1", "steps"]),
        ("--average", &["0", "-1", "x"]),
        ("--minutes", &["0", "-1", "nan", "600000"]),
        ("--augment-strength", &["nan", "x"]),
        ("--augment-rotation", &["7", "7=2", "=1", "7=0.5,"]),
        ("--min-accuracy", &["98", "-0.5", "nan"]),
        ("--validation-fraction", &["0", "1", "2"]),
        ("--run-name", &["", "a/b", "..", "a b"]),
        ("--format", &["xml"]),
    ] {
        for value in values {
            for given in [
                &[format!("{option}={value}")][..],
                &[option.into(), (*value).into()],
            ] {
                let mut command = workplace.command("--data-dir data");
                let output = command.args(given).output();
                let finished = Finished::from(output.expect("the program starts"));
                assert_refused(&workplace, &finished, &[option]);
            }
        }
    }
    for (arguments, known) in [
        ("--backend cuda", &["ndarray", "flex", "wgpu"][..]),
        ("--device first", &["number of a graphics adapter"]),
        (
            "--backend flex --device 0",
            &["does not apply to flex", "--backend wgpu"],
        ),
        (
            "sweep --vary learning-rate=0.1,0.2 --backend ndarray --device 0",
            &["does not apply to ndarray"],
        ),
        (
            "--model perceptron",
            &["mnist-mlp", "xor-net", "linear-regression"],
        ),
        ("--engine numeric", &["autodiff", "manual", "fused"]),
        ("--activation gelu", &["relu", "sigmoid", "tanh", "elu"]),
        (
            "--optimizer rmsprop",
            &["sgd", "momentum", "adam", "nesterov", "adamw"],
        ),
        ("--augment mirror", &["affine", "elastic", "both"]),
    ] {
        assert_refused(&workplace, &workplace.run(arguments), known);
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let workplace = Workplace::new();
    for (arguments, naming) in [
        (
            "--model xor-net --data-dir data",
            &["--data-dir", "xor-net"][..],
        ),
        ("--model xor-net --hidden 4,4", &["--hidden", "xor-net"]),
        (
            "--model linear-regression --hidden 3",
            &["--hidden", "linear-regression"],
        ),
        (
            "--model linear-regression --weight-decay 0.1",
            &["--weight-decay", "--ridge"],
        ),
        ("--ridge 0", &["--ridge", "mnist-mlp", "--weight-decay"]),
        (
            "--model xor-net --label-smoothing 0.1",
            &["--label-smoothing", "xor-net"],
        ),
        (
            "--model linear-regression --dropout 0.5",
            &["--dropout", "linear-regression", "no hidden layer"],
        ),
        (
            "--model linear-regression --dropout-input 0.2",
            &["--dropout-input", "exact solution", "--ridge"],
        ),
        (
            "--model xor-net --dropout-input 0.2",
            &["--dropout-input", "truth table", "; use --dropout"],
        ),
        (
            "--hidden none --dropout 0.5",
            &["--dropout", "--hidden none", "--dropout-input"],
        ),
        (
            "--preset accurate --dropout 0.5",
            &["--dropout contradicts --preset accurate", "; leave"],
        ),
        (
            "--engine fused --backend wgpu",
            &["--engine fused", "wgpu", "--backend flex"],
        ),
        (
            "--preset accurate --hidden 8",
            &["--hidden contradicts --preset accurate", "; leave"],
        ),
        (
            "--preset record --augment elastic",
            &["--augment contradicts --preset record", "; leave"],
        ),
        (
            "--preset accurate --minutes 3 --epochs 2",
            &["--minutes", "--epochs", "; leave"],
        ),
        ("--model linear-regression --preset accurate", &["--preset"]),
        (
            "--preset accurate --data-dir data",
            &["names the class 7", "--augment-rotation"],
        ),
        (
            "--minutes 3 --epochs 2",
            &["--minutes", "--epochs", "; leave"],
        ),
        (
            "--model xor-net --augment both",
            &["--augment does not apply to xor-net"],
        ),
        (
            "--augment both --augment-strength 3.1",
            &["--augment-strength is 3.1", "from 0 to 3"],
        ),
        (
            "--augment both --augment-strength=-0.1",
            &["--augment-strength is -0.1", "from 0 to 3"],
        ),
        (
            "--augment-strength 1",
            &["--augment-strength", "--augment both"],
        ),
        (
            "--augment-rotation 1=0.5",
            &["--augment-rotation", "--augment both"],
        ),
        (
            "--augment elastic --augment-rotation 1=0.5",
            &["--augment-rotation does not apply", "--augment both"],
        ),
        (
            "--data-dir data --augment both --augment-rotation 8=0.5",
            &["names the class 8", "the classes 0, 1, 2"],
        ),
        ("--seed 1 train", &["--seed", "train"]),
        ("--seed 1 backends", &["--seed", "backends"]),
        (
            "--data-dir data --hidden 999999999999999999",
            &["use fewer units"],
        ),
        ("--data-dir data --hidden 8,100000000", &["use fewer units"]),
        ("bench --size 256", &["256-128:128"]),
        ("bench --size 0-1:2", &["256-128:128"]),
        ("bench --rounds 0", &["whole number from 1"]),
        ("bench --ranks 0", &["whole number from 2"]),
        ("bench --ranks 1", &["whole number from 2"]),
        ("bench --backend cuda", &["possible values"]),
        ("bench --engine magic", &["possible values"]),
    ] {
        assert_refused(&workplace, &workplace.run(arguments), naming);
    }
}

#[test]
fn folders_that_cannot_be_used_are_refused_with_path_and_remedy() {
    let workplace = Workplace::new();
    fs::write(workplace.path("file"), "").expect("the temporary folder can be written");
    let finished = workplace.run(&format!("{SMALL} --backend flex --out-dir file/below"));
    assert_refused(&workplace, &finished, &["file/below", "--out-dir"]);

    let finished = workplace.run("--data-dir no-such-folder --backend flex");
    assert_refused(&workplace, &finished, &["no-such-folder", "; "]);

    type Spoil = fn(&mut Vec<u8>);
    let cases: [(&str, Spoil, &str); 5] = [
        (
            "train-images-idx3-ubyte",
            |bytes| bytes.truncate(100),
            "copy the file again",
        ),
        (
            "train-labels-idx1-ubyte",
            |bytes| bytes.push(0),
            "copy the file again",
        ),
        (
            "t10k-images-idx3-ubyte",
            |bytes| bytes[3] = 1,
            "magic number",
        ),
        ("t10k-labels-idx1-ubyte", |bytes| bytes[20] = 200, "200"),
        (
            "train-images-idx3-ubyte",
            |bytes| bytes[..2].copy_from_slice(&[0x1f, 0x8b]),
            "gzip",
        ),
    ];
    for (name, spoil, remedy) in cases {
        let path = workplace.path("data").join(name);
        let sound = fs::read(&path).expect("the data can be read");
        let mut bytes = sound.clone();
        spoil(&mut bytes);
        fs::write(&path, bytes).expect("the data can be written");
        let finished = workplace.run(&format!("{SMALL} --backend flex"));
        assert_refused(&workplace, &finished, &[name, remedy]);
        fs::write(&path, sound).expect("the data can be written");
    }

    let labels = workplace.path("data/t10k-labels-idx1-ubyte");
    fs::remove_file(labels).expect("the labels can be removed");
    let finished = workplace.run(&format!("{SMALL} --backend flex"));
    assert_refused(&workplace, &finished, &["data: ", "t10k-labels", "; "]);
}

/// With a driver, there are some to choose from; without one, there is none.
#[test]
fn an_adapter_that_is_not_there_is_said_with_those_that_are() {
    let workplace = Workplace::new();
    // Without it, the loader of EGL complains.
    let mut command = workplace.command(&format!("{SMALL} --backend wgpu --device 99 --epochs 1"));
    command.env("XDG_RUNTIME_DIR", workplace.path(""));
    let finished = Finished::from(command.output().expect("the program starts"));
    let naming = if workplace.run("backends").stdout.contains("--device 0") {
        &["there is no adapter 99, only 0 ("][..]
    } else {
        &["wgpu", "mesa-vulkan-drivers"]
    };
    assert_refused(&workplace, &finished, naming);
}

/// Hides every driver from the loaders of Vulkan and EGL.
#[cfg(target_os = "linux")]
#[test]
fn no_adapter_for_wgpu_is_said_with_what_to_install() {
    let workplace = Workplace::new();
    let nowhere = workplace.path("no-driver.json");
    let mut command = workplace.command(&format!("{SMALL} --backend wgpu --epochs 1"));
    for variable in [
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ] {
        command.env(variable, &nowhere);
    }
    let finished = Finished::from(command.output().expect("the program starts"));
    let naming = ["wgpu", "mesa-vulkan-drivers", "--backend flex"];
    assert_refused(&workplace, &finished, &naming);
}
