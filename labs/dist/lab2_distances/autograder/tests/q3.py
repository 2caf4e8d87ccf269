OK_FORMAT = True

test = {   'name': 'q3',
    'points': 2,
    'suites': [   {   'cases': [   {   'code': '>>> assert np.isclose(chamfer_l1(np.zeros((1, 3)), np.array([[3.0, 4.0, 0.0]])), 5)\n',
                                       'failure_message': 'two single points 5 apart are 5 apart',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> a, b = (np.random.default_rng(4).random((20, 3)), np.random.default_rng(5).random((31, 3)))\n'
                                               '>>> d = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))\n'
                                               '>>> assert np.isclose(chamfer_l1(a, b), (d.min(1).mean() + d.min(0).mean()) / 2)\n',
                                       'failure_message': 'take the root of each distance first, the mean afterwards',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
