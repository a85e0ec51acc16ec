/** What a file's bytes can be, as far as it matters for serving: by name, and as a sentence says it. */
export const fileFormats = {
  pickle: "a Python pickle",
  onnx: "an ONNX model",
  torchscript: "a TorchScript model",
  torch: "a PyTorch checkpoint (torch.save)",
  keras: "a Keras model (.keras)",
  hdf5: "an HDF5 file (Keras .h5)",
  safetensors: "a safetensors file",
  skops: "a skops file",
  xgboost: "an XGBoost model",
  lightgbm: "a LightGBM model",
  tflite: "a TensorFlow Lite model",
  gguf: "a GGUF model",
  tar: "a tar archive",
} as const;

export type FileFormat = keyof typeof fileFormats;

/** How a pickle is compressed as a whole, as `joblib.dump(…, compress=…)` does. */
export type Compression = "zlib" | "gzip" | "bzip2" | "xz" | "lzma" | "lz4";

export interface DetectedFile {
  format: FileFormat;
  compression: Compression | null;
}
