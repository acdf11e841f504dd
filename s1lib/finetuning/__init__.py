"""Chapter 3: fine-tune on the curated set, and plan what that takes."""
