OK_FORMAT = True

test = {   'name': 'q5',
    'points': 4,
    'suites': [   {   'cases': [   {   'code': '>>> assert np.allclose(gradient(np.zeros((1, 3)), np.array([[1.0, 0.0, 0.0]])), [[4, 0, 0]])\n',
                                       'failure_message': 'one point each - the gradient is 2 (y - x) twice, so 4 for y one to the right of x',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> a, b = (np.eye(3), np.eye(3)[::-1] + [[0.1, 0.2, 0.0], [0.0, 0.1, 0.1], [0.2, 0.0, 0.1]])\n'
                                               '>>> step = np.zeros((3, 3))\n'
                                               '>>> step[1, 2] = 1e-06\n'
                                               '>>> assert np.isclose(gradient(a, b)[1, 2], (chamfer_distance(a, b + step) - chamfer_distance(a, b - step)) / 2e-06, atol=1e-05)\n',
                                       'failure_message': 'it should agree with the slope that a small step measures, on three points against three',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> rng = np.random.default_rng(6)\n'
                                               '>>> a, b = (rng.random((30, 3)), rng.random((7, 3)))\n'
                                               '>>> cd = lambda x, y: (lambda d: d.min(1).mean() + d.min(0).mean())(((x[:, None] - y[None]) ** 2).sum(-1))\n'
                                               '>>> slope = np.array([[(cd(a, b + e) - cd(a, b - e)) / 2e-06 for e in 1e-06 * np.eye(21)[3 * i:3 * i + 3].reshape(3, 7, 3)] for i in range(7)])\n'
                                               '>>> assert np.allclose(gradient(a, b), slope, atol=1e-05)\n',
                                       'failure_message': 'a point that is the nearest of several others must feel each of them, and the two clouds may differ in size',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 2}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
