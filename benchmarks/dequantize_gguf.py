"""Writes a GGUF file with every tensor as float32 (or q8_0 for matrices), so that llama.cpp computes with
the same weights as a converted Hugging Face folder.   dequantize_gguf.py IN.gguf OUT.gguf [q8_0]
"""
import sys

import gguf

source, target = sys.argv[1:3]
kind = gguf.GGMLQuantizationType.Q8_0 if sys.argv[3:] == ["q8_0"] else gguf.GGMLQuantizationType.F32
reader = gguf.GGUFReader(source)
writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
for name, field in reader.fields.items():
    if name.startswith("GGUF.") or name == "general.architecture":
        continue
    value = field.contents()
    if field.types[0] == gguf.GGUFValueType.ARRAY:
        writer.add_array(name, value)
    else:
        writer.add_key_value(name, value if name != "general.file_type" else 0, field.types[0])
for tensor in reader.tensors:
    data = gguf.dequantize(tensor.data, tensor.tensor_type)
    if kind == gguf.GGMLQuantizationType.Q8_0 and data.ndim == 2:
        writer.add_tensor(tensor.name, gguf.quantize(data, kind), raw_dtype=kind)
    else:
        writer.add_tensor(tensor.name, data)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
