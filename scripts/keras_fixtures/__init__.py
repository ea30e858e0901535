"""What Keras computes, stored: the parts of ../make_keras_fixtures.py."""
