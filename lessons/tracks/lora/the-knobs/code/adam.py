for t in (1, 10, 100, 1000):
    step = (1 - 0.9**t) / (1 - 0.999**t) ** 0.5
    print(f"update {t}: {step:.1f} times the learning rate")
