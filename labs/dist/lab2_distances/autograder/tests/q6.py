OK_FORMAT = True

test = {   'name': 'q6',
    'points': 3,
    'suites': [   {   'cases': [   {   'code': ">>> moved, history = descend(X, clouds['shaken'], 10, 5.0)\n>>> assert len(history) == 11 and all(np.diff(history) < 0)\n",
                                       'failure_message': 'the list has one number more than there are steps, and each is smaller than the one before',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> given = np.random.default_rng(7).random((9, 3))\n'
                                               '>>> kept = given.copy()\n'
                                               '>>> moved, _ = descend(np.random.default_rng(8).random((9, 3)), given, 3, 0.5)\n'
                                               '>>> assert np.array_equal(given, kept) and (not np.array_equal(moved, kept))\n',
                                       'failure_message': 'the cloud that was given must not change (Y -= ... changes it, Y = Y - ... does not)',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> a, b = (np.random.default_rng(9).random((30, 3)), np.random.default_rng(10).random((20, 3)))\n'
                                               '>>> moved, history = descend(a, b, 20, 1.0)\n'
                                               '>>> d = ((a[:, None] - moved[None]) ** 2).sum(-1)\n'
                                               '>>> assert np.isclose(history[-1], d.min(1).mean() + d.min(0).mean()) and history[-1] < 0.8 * history[0]\n',
                                       'failure_message': 'the last number belongs to the cloud that is returned',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
