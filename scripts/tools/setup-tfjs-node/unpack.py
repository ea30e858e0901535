"""Unpacks what the tfjs-node addon is compiled and linked with from a TensorFlow wheel: C headers and two libraries.

Usage: unpack.py WHEEL FOLDER
"""

import sys
import zipfile

HEADERS = ("tensorflow/include/tensorflow/", "tensorflow/include/tsl/")
LIBRARIES = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")

wheel_path, folder = sys.argv[1:]
with zipfile.ZipFile(wheel_path) as wheel:
    names = wheel.namelist()
    absent = [library for library in LIBRARIES if library not in names]
    if absent:
        sys.exit(f"error: {wheel_path} has no {', '.join(absent)}")
    wheel.extractall(folder, [name for name in names if name.startswith(HEADERS) or name in LIBRARIES])
