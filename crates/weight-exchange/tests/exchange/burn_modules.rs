//! Files for Burn load into a Burn module by Burn's own stores, and give PyTorch's logits there.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::store::{ModuleRecord, ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Bytes, Device, Tensor, TensorData};
use layers::Activation;
use weight_exchange::{
    Dense, DenseStack, ImportOptions, Layout, Precision, read, to_burnpack, to_safetensors,
};

use crate::nets::{Case, fixture};

/// A custom module with its own weights.
#[derive(Module, Debug)]
struct Net {
    layers: Vec<Linear>,
}

impl Net {
    fn new(sizes: &[usize]) -> Self {
        let layers = sizes
            .windows(2)
            .map(|size| LinearConfig::new(size[0], size[1]).init(&Device::flex()));
        Self {
            layers: layers.collect(),
        }
    }

    fn logits(&self, activation: Activation, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let shape = [inputs.len(), inputs[0].len()];
        let data = TensorData::new(inputs.concat(), shape);
        let x = Tensor::<2>::from_data(data, &Device::flex());
        let (last, hidden) = self.layers.split_last().expect("a net has layers");
        let hidden = hidden
            .iter()
            .fold(x, |z, layer| activation.forward(layer.forward(z)));
        let logits = last.forward(hidden);
        let [_, columns] = logits.dims();
        let values = logits.try_into_vec_as::<f32>().expect("flex reads back");
        values.chunks(columns).map(<[f32]>::to_vec).collect()
    }
}

/// The net of a case under the module's names.
fn stack(name: &str) -> DenseStack {
    let imported = read(&fixture(&format!("{name}.pt")), &ImportOptions::default());
    let stack = imported.unwrap().stack;
    let layers = stack.layers().iter().enumerate();
    let layers = layers.map(|(place, layer)| layer.clone().named(format!("layers.{place}")));
    DenseStack::new(layers.collect()).unwrap()
}

#[test]
fn burns_stores_load_what_is_written_for_burn() {
    for name in ["chained", "square", "mixed"] {
        let case = Case::named(name);
        let stack = stack(name);

        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(to_burnpack(&stack).unwrap()));
        let net = Net::new(&stack.sizes()).load_record(record.unwrap());
        case.assert_logits(&net.logits(case.activation, &case.inputs));

        let bytes = to_safetensors(&stack, Layout::Burn, Precision::F32).unwrap();
        let mut store = SafetensorsStore::from_bytes(Some(bytes));
        let mut net = Net::new(&stack.sizes());
        let result = net.load_from(&mut store).unwrap();
        assert!(result.is_success(), "{result}");
        case.assert_logits(&net.logits(case.activation, &case.inputs));
    }
}

#[test]
fn a_module_gives_the_stack_that_was_put_into_it() {
    let stack = stack("square");
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(to_burnpack(&stack).unwrap()));
    let net = Net::new(&stack.sizes()).load_record(record.unwrap());
    let layers = net.layers.iter().zip(stack.layers());
    for (linear, dense) in layers {
        assert_eq!(&Dense::from_linear(dense.name(), linear).unwrap(), dense);
    }
}
